"""Countries as bits: a set of ISO 3166-1 alpha-2 codes in four 64-bit words.

``ISO_CODES`` holds the 249 codes of ISO 3166-1 and XK (Kosovo, user-assigned, used by sellers), sorted. The list is fixed, so
the place of a code in the mask is the same in every process.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

ISO_CODES: tuple[str, ...] = tuple(
    (
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG "
        "CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL "
        "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA "
        "LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
        "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV "
        "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
    ).split()
)
PLACE: dict[str, int] = {code: place for place, code in enumerate(ISO_CODES)}
WORDS = 4

Mask = npt.NDArray[np.uint64]


def mask_of(codes: Iterable[str]) -> Mask:
    """The set ``codes`` as ``WORDS`` uint64 words. A code outside ``ISO_CODES`` has no bit: no question can ask for it."""
    words = [0] * WORDS
    for code in codes:
        place = PLACE.get(code)
        if place is not None:
            words[place // 64] |= 1 << (place % 64)
    return np.array(words, dtype=np.uint64)


def codes_of(mask: Mask) -> tuple[str, ...]:
    """The codes of a mask, sorted."""
    words = [int(word) for word in mask]
    return tuple(code for place, code in enumerate(ISO_CODES) if words[place // 64] >> (place % 64) & 1)
