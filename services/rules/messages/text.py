"""The text as the patterns see it: one script, one width, the same length, so that every position is a position in the original."""

import re

# Traditional characters that occur in operators' texts, each with its simplified form.
_TRADITIONAL = (
    "餘額數據話費儲戶結帳賬內條鐘電國號碼載濾漫遊過減鎖與時長進會員單價錢幣間訊簡語際網絡計門東華聯達軟線點開關閉啟動優惠專屬"
    "續約貨實總張傳現為後前則無線號繳納轉讓驗證請點擊鏈接鑰輸帶發還剩個區週詢營業務應將於從領獎贈禮體環澳灣島銷註冊補換壞遺舊"
    "級龍觀測試範圍類鄉鎮縣廣隨雲遞滿僅惟盡"
)
_SIMPLIFIED = (
    "余额数据话费储户结帐账内条钟电国号码载滤漫游过减锁与时长进会员单价钱币间讯简语际网络计门东华联达软线点开关闭启动优惠专属"
    "续约货实总张传现为后前则无线号缴纳转让验证请点击链接钥输带发还剩个区周询营业务应将于从领奖赠礼体环澳湾岛销注册补换坏遗旧"
    "级龙观测试范围类乡镇县广随云递满仅惟尽"
)
_TO_SIMPLIFIED = {ord(old): new for old, new in zip(_TRADITIONAL, _SIMPLIFIED, strict=True)}

# Full-width ASCII becomes ASCII, but for the comma: "5，300MB" is two figures and "5,300MB" is one.
_WIDTH = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94) if 0xFF01 + offset != 0xFF0C}
_WIDTH |= {0x3000: " ", 0xA0: " ", 0x202F: " ", 0x2009: " ", 0xFFE5: "¥", 0xFFE1: "£", 0x2019: "'", 0x2018: "'", 0x2013: "-", 0x2212: "-"}
_WIDTH |= dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF), " ")
_MAP = _TO_SIMPLIFIED | _WIDTH

_MARKED_TRADITIONAL = frozenset(old for old, new in zip(_TRADITIONAL, _SIMPLIFIED, strict=True) if old != new)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CLAUSE_END = re.compile(r"[，;；。!?！？\n\r]|,(?!\d{3})|(?<![A-Z])\.(?=\s|$)")
_SENTENCE_END = re.compile(r"[。!?！？\n\r]|(?<![A-Z])\.(?=\s|$)")


def normalise(text: str) -> str:
    """Simplified, half width, same length as ``text``."""
    return text.translate(_MAP)


def is_chinese(text: str) -> bool:
    return _HAN.search(text) is not None


def is_traditional(text: str) -> bool:
    """Whether the original is written in traditional characters."""
    return not _MARKED_TRADITIONAL.isdisjoint(text)


def clauses(text: str) -> list[tuple[int, int]]:
    """Start and end of each part between commas and stops."""
    return _cut(text, _CLAUSE_END)


def sentence_start(text: str, position: int) -> int:
    """Where the sentence around ``position`` begins."""
    start = 0
    for match in _SENTENCE_END.finditer(text, 0, position):
        start = match.end()
    return start


def _cut(text: str, ends: re.Pattern[str]) -> list[tuple[int, int]]:
    parts, start = [], 0
    for match in ends.finditer(text):
        parts.append((start, match.start()))
        start = match.end()
    parts.append((start, len(text)))
    return parts
