"""Texts of people and providers, where programs make more of a text than text: messages on other people's services, calendars.

What could become a link, a mention or markup is put into characters that read the same and do nothing.
"""

import re

_SLASHES = re.compile(r"(?<=:)/+|(?<!\w)/(?=\w)")
_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_])")
_COLON = re.compile(r":(?=\w)")
_ENTITY = re.compile(r"&(?=#?\w+;?)")
_ALIKE = str.maketrans("@\\", "＠＼")
_MARKUP = str.maketrans("<>[]*_`|~$#", "＜＞［］＊＿｀｜～＄＃")


def unlinked(text: str) -> str:
    """``text`` without addresses: no program finds a host, a scheme, a mailbox or a path of a share in it."""
    return _COLON.sub(": ", _DOT.sub("\u2024", _SLASHES.sub(lambda found: "／" * len(found[0]), text))).translate(_ALIKE)


def inert(text: str) -> str:
    """``text`` without addresses and without what Markdown, HTML or a messenger gives a meaning to."""
    return _ENTITY.sub("＆", unlinked(text)).translate(_MARKUP)
