"""What is said while somebody waits: on the page before the work is over, in its own place, and gone after it, however it ended."""

import pytest
from streamlit.testing.v1 import AppTest


def script() -> None:
    """Work that ends when its notice was sent to the browser, or after half a minute without."""
    import threading

    import streamlit as st
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from ui.waiting import waiting

    context = get_script_run_ctx()
    assert context is not None
    said, places, hand_on = threading.Event(), [], context._enqueue

    def listen(message: ForwardMsg) -> None:
        hand_on(message)
        if message.delta.add_block.id:
            places.append(message.delta.add_block.id)
        if "Asking somebody" in str(message.delta):
            said.set()

    context._enqueue = listen
    try:
        with waiting("Asking somebody"):
            st.session_state["said"] = said.wait(30)
            st.session_state["places"] = places
            if st.session_state.get("fail"):
                raise ValueError("the provider is gone")
    except ValueError as error:
        st.error(str(error))
    st.markdown("over")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(script, default_timeout=120)


def test_it_is_said_while_the_work_goes_on_in_the_place_of_its_own(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert app.session_state["said"] is True
    assert any("waiting" in place for place in app.session_state["places"])


@pytest.mark.parametrize("fail", [False, True])
def test_nothing_of_it_stays_however_the_work_ended(app: AppTest, fail: bool) -> None:
    app.session_state["fail"] = fail
    app.run()
    assert not app.exception
    assert [text.value for text in app.markdown] == ["over"]
    assert [error.value for error in app.error] == (["the provider is gone"] if fail else [])
    assert "Asking somebody" not in str(app._tree)
