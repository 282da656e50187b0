"""Personal names: the form they are compared and searched in, their sound, and the short forms people use."""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType

# Letters that Unicode does not take apart into a base letter and an accent.
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n"}
)
_BETWEEN_PARTS = re.compile(r"[\s\-‐‑–/]+")
_DIGITS = re.compile(r"\d+")

_SOUNDEX = {
    letter: digit
    for digit, letters in {"1": "bfpv", "2": "cgjkqsxz", "3": "dt", "4": "l", "5": "mn", "6": "r"}.items()
    for letter in letters
}

# Formal given name → short forms in use. A short form may belong to several formal names.
_SHORT_FORMS: dict[str, str] = {
    "abigail": "abby gail", "albert": "al bert", "alejandro": "alex ale", "alexander": "alex al sandy xander",
    "alexandra": "alex sandra lexi sandy", "alfred": "al fred", "amanda": "mandy", "andrew": "andy drew",
    "angela": "angie", "anthony": "tony", "antonio": "tony tono", "barbara": "barb babs", "benjamin": "ben benny",
    "catherine": "cathy kate katie cat", "charles": "charlie chuck chas", "christina": "chris tina chrissy",
    "christine": "chris tina chrissy", "christopher": "chris topher kit", "cynthia": "cindy", "daniel": "dan danny",
    "david": "dave davy", "deborah": "deb debbie", "donald": "don donnie", "dorothy": "dot dottie",
    "edward": "ed eddie ted ned", "eleanor": "ellie nell nora", "elizabeth": "liz beth betty eliza lisa libby lizzie",
    "eugene": "gene", "francis": "frank", "francisco": "paco pancho frank", "frederick": "fred freddy",
    "gabriel": "gabe", "gerald": "gerry jerry", "gregory": "greg", "guadalupe": "lupe", "guillermo": "memo",
    "harold": "hal harry", "henry": "hank harry hal", "ignacio": "nacho", "isabella": "bella izzy", "isabel": "isa belle",
    "jacob": "jake", "james": "jim jimmy jamie", "janet": "jan", "jeffrey": "jeff", "jennifer": "jen jenny",
    "jessica": "jess jessie", "jesus": "chuy", "john": "jack johnny jon", "jonathan": "jon nathan", "joseph": "joe joey",
    "jose": "pepe", "joshua": "josh", "judith": "judy", "katherine": "kathy kate katie kat kay", "kathleen": "kathy kay",
    "kenneth": "ken kenny", "kimberly": "kim", "lawrence": "larry", "leonard": "len lenny leo", "lillian": "lily",
    "luis": "lucho", "margaret": "maggie meg peggy marge rita", "maria": "mari", "matthew": "matt", "michael": "mike mick mickey",
    "nancy": "nan", "natalie": "nat", "nathaniel": "nate nathan nat", "nicholas": "nick nicky", "pamela": "pam",
    "patricia": "pat patty trish tricia", "patrick": "pat paddy", "peter": "pete", "philip": "phil", "rafael": "rafa",
    "raymond": "ray", "rebecca": "becky becca", "richard": "rick dick rich ricky", "robert": "bob rob bobby robbie bert",
    "roberto": "beto", "rodney": "rod", "ronald": "ron ronnie", "rosario": "charo", "russell": "russ", "samantha": "sam",
    "samuel": "sam sammy", "sandra": "sandy", "stephanie": "steph", "stephen": "steve", "steven": "steve",
    "susan": "sue susie", "suzanne": "sue", "teresa": "terry tere", "theodore": "ted teddy theo", "theresa": "terry tess",
    "thomas": "tom tommy", "timothy": "tim", "valerie": "val", "vanessa": "nessa", "victoria": "vicky tori",
    "vincent": "vince vinny", "virginia": "ginny", "walter": "walt", "william": "bill will billy willy liam",
    "zachary": "zach",
}  # fmt: skip


# Names that people carry over between Spanish and English: either may be on a card.
_EQUIVALENTS = (
    "lucia lucy", "maria mary", "jose joseph", "juan john", "pedro peter", "pablo paul", "miguel michael", "carlos charles",
    "ana anna anne ann", "elena helen", "isabel elizabeth", "catalina catherine katherine", "jorge george", "santiago james",
    "guillermo william", "roberto robert", "ricardo richard", "eduardo edward", "antonio anthony", "francisco francis",
    "andres andrew", "esteban stephen steven", "tomas thomas", "mateo matthew", "marcos mark", "alejandro alexander",
    "enrique henry", "felipe philip", "susana susan", "margarita margaret", "raquel rachel", "sara sarah", "sofia sophia",
)  # fmt: skip


def _formal_names() -> MappingProxyType[str, frozenset[str]]:
    formal: dict[str, set[str]] = {name: {name} for name in _SHORT_FORMS}
    for name, shorts in _SHORT_FORMS.items():
        for short in shorts.split():
            formal.setdefault(short, {short}).add(name)
    for group in _EQUIVALENTS:
        for name in group.split():
            formal.setdefault(name, {name}).update(group.split())
    return MappingProxyType({name: frozenset(names) for name, names in formal.items()})


_FORMAL = _formal_names()

# The most frequent family names of the United States (2010 census) together cover about a tenth of the people: agreement
# on one of them says less than agreement on another.
COMMON_FAMILIES = frozenset(
    [
        "smith",
        "johnson",
        "williams",
        "brown",
        "jones",
        "garcia",
        "miller",
        "davis",
        "rodriguez",
        "martinez",
        "hernandez",
        "lopez",
        "gonzalez",
        "wilson",
        "anderson",
        "thomas",
        "taylor",
        "moore",
        "jackson",
        "martin",
        "lee",
        "perez",
        "thompson",
        "white",
        "harris",
        "sanchez",
        "clark",
        "ramirez",
        "lewis",
        "robinson",
        "walker",
        "young",
        "allen",
        "king",
        "wright",
        "scott",
        "torres",
        "nguyen",
        "hill",
        "flores",
        "green",
        "adams",
        "nelson",
        "baker",
        "hall",
        "rivera",
        "campbell",
        "mitchell",
        "carter",
    ]
)


def normalise(text: str) -> str:
    """The letters and digits of `text` in lower case without accents: ``"O'Brién-Łuk"`` → ``"obrienluk"``.

    Letters of other scripts are kept as they are. Idempotent.
    """
    # Taken apart before and after: of a mathematical capital only its parts have a small letter (Unicode 3.13, D146).
    taken_apart = unicodedata.normalize("NFKD", text).casefold()
    folded = unicodedata.normalize("NFKD", taken_apart).translate(_UNDECOMPOSED)
    kept = "".join(character for character in folded if character.isalnum())
    return unicodedata.normalize("NFKC", kept)


def parts(text: str) -> tuple[str, ...]:
    """The normalised parts of a name that is written with spaces or hyphens: ``"García-López"`` → ``("garcia", "lopez")``."""
    return tuple(part for part in map(normalise, _BETWEEN_PARTS.split(text)) if part)


def soundex(text: str) -> str:
    """The Soundex code (letter and three digits, US National Archives rules) of a name; "" when it has no Latin letter."""
    letters = [character for character in normalise(text) if "a" <= character <= "z"]
    if not letters:
        return ""
    code = letters[0].upper()
    last = _SOUNDEX.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter, "")
        if digit and digit != last:
            code += digit
        if letter not in "hw":  # letters with one sound are one, also across h and w
            last = digit
    return (code + "000")[:4]


def formal_names(given: str) -> frozenset[str]:
    """The formal names that a (normalised) given name may stand for, itself among them: ``"ted"`` → edward, theodore."""
    return _FORMAL.get(given, frozenset({given}))


def same_person_calls(given: str, other: str) -> bool:
    """Whether two normalised given names may be one person's formal name and short form, or two short forms of one name."""
    return bool(formal_names(given) & formal_names(other))


def without_digits(text: str) -> str:
    """A name without the digits that generated data carries: ``"Alfreda634"`` → ``"Alfreda"``."""
    return " ".join(_DIGITS.sub(" ", text).split())


def tidy(text: str) -> str:
    """A name as typed with outer and repeated white space removed."""
    return " ".join(text.split())
