"""Every provider, one line each."""

from services.providers.airalo import Airalo
from services.providers.base import Provider
from services.providers.celitech import Celitech
from services.providers.cheaperesim import CheapereSim
from services.providers.esimaccess import EsimAccess
from services.providers.esimgo import EsimGo
from services.providers.keepgo import Keepgo
from services.providers.pikasim import PikaSim
from services.providers.reloadly import Reloadly
from services.providers.simsima import Simsima

PROVIDERS: dict[str, type[Provider]] = {
    provider.id: provider
    for provider in (
        Simsima,
        PikaSim,
        CheapereSim,
        EsimAccess,
        Airalo,
        Celitech,
        EsimGo,
        Keepgo,
        Reloadly,
    )
}
