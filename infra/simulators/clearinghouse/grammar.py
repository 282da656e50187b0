"""The structure of the transaction sets we take, as data: 837P (005010X222A1), 270 (X279A1), 276 (X212).

Written from public knowledge of the guides. A loop is `name usage max`, its segments stand indented below it:
identifier, an optional `/element=codes` that tells it from its like, usage (R required, S situational) and how often it
may come. Segments with the same identifier that follow one another may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_OTHER_PAYER_PROVIDERS = "".join(
    f"""
    {name} S {maximum}
     NM1/1={codes} R 1
     REF S 3"""
    for name, codes, maximum in (
        ("2330C", "DN|P3", 2),
        ("2330D", "82", 1),
        ("2330E", "77", 1),
        ("2330F", "DQ", 1),
        ("2330G", "85", 1),
    )
)

_CLAIM = f"""
 2300 S 100
  CLM R 1
  DTP/1=431|454|304|453|439|484|455|471|314|360|361|297|296|435|096|090|091|444|050 S 19
  PWK S 10
  CN1 S 1
  AMT/1=F5 S 1
  REF/1=4N|F5|EW|9F|G1|F8|X4|9A|9C|LX|D9|EA|P4|1J S 14
  K3 S 10
  NTE S 1
  CR1 S 1
  CR2 S 1
  CRC S 8
  HI/1.1=ABK|BK R 1
  HI/1.1=BP|BO S 1
  HI/1.1=BG S 2
  HCP S 1
  2310A S 2
   NM1/1=DN|P3 R 1
   REF S 3
  2310B S 1
   NM1/1=82 R 1
   PRV/1=PE S 1
   REF S 4
  2310C S 1
   NM1/1=77 R 1
   N3 R 1
   N4 R 1
   REF S 3
   PER S 1
  2310D S 1
   NM1/1=DQ R 1
   REF S 4
  2310E S 1
   NM1/1=PW R 1
   N3 R 1
   N4 R 1
  2310F S 1
   NM1/1=45 R 1
   N3 R 1
   N4 R 1
  2320 S 10
   SBR R 1
   CAS S 5
   AMT/1=D|A8|EAF S 3
   OI R 1
   MOA S 1
   2330A R 1
    NM1/1=IL R 1
    N3 S 1
    N4 S 1
    REF S 1
   2330B R 1
    NM1/1=PR R 1
    N3 S 1
    N4 S 1
    DTP/1=573 S 1
    REF S 6{_OTHER_PAYER_PROVIDERS}
  2400 R 50
   LX R 1
   SV1 R 1
   SV5 S 1
   PWK S 11
   CR1 S 1
   CR3 S 1
   CRC S 5
   DTP/1=472 R 1
   DTP/1=471|607|463|461|304|738|739|011|455|454 S 11
   QTY S 2
   MEA S 5
   CN1 S 1
   REF/1=9B|9D|G1|6R|EW|X4|F4|BT|9F S 18
   AMT/1=T|F4 S 2
   K3 S 10
   NTE S 2
   PS1 S 1
   HCP S 1
   2410 S 1
    LIN R 1
    CTP R 1
    REF S 1
   2420A S 1
    NM1/1=82 R 1
    PRV S 1
    REF S 20
   2420B S 1
    NM1/1=QB R 1
    REF S 20
   2420C S 1
    NM1/1=77 R 1
    N3 R 1
    N4 R 1
    REF S 3
   2420D S 1
    NM1/1=DQ R 1
    REF S 20
   2420E S 1
    NM1/1=DK R 1
    N3 S 1
    N4 S 1
    REF S 20
    PER S 1
   2420F S 2
    NM1/1=DN|P3 R 1
    REF S 20
   2420G S 1
    NM1/1=PW R 1
    N3 R 1
    N4 R 1
   2420H S 1
    NM1/1=45 R 1
    N3 R 1
    N4 R 1
   2430 S 15
    SVD R 1
    CAS S 5
    DTP/1=573 R 1
    AMT/1=EAF S 1
   2440 S 99
    LQ R 1
    FRM R 99"""


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.strip("\n").splitlines())


PROFESSIONAL_CLAIM = f"""
ST R 1
BHT R 1
1000A R 1
 NM1/1=41 R 1
 PER/1=IC R 2
1000B R 1
 NM1/1=40 R 1
2000A R 99999
 HL/3=20 R 1
 PRV/1=BI S 1
 CUR S 1
 2010AA R 1
  NM1/1=85 R 1
  N3 R 1
  N4 R 1
  REF/1=EI|SY R 1
  REF/1=0B|1G S 2
  PER/1=IC S 2
 2010AB S 1
  NM1/1=87 R 1
  N3 R 1
  N4 R 1
 2010AC S 1
  NM1/1=PE R 1
  N3 R 1
  N4 R 1
  REF S 2
 2000B R 99999
  HL/3=22 R 1
  SBR R 1
  PAT S 1
  2010BA R 1
   NM1/1=IL R 1
   N3 S 1
   N4 S 1
   DMG S 1
   REF/1=SY|Y4 S 2
   PER S 1
  2010BB R 1
   NM1/1=PR R 1
   N3 S 1
   N4 S 1
   REF/1=2U|EI|FY|NF|G2|LU S 5
{_indented(_CLAIM, 1)}
  2000C S 99999
   HL/3=23 R 1
   PAT R 1
   2010CA R 1
    NM1/1=QC R 1
    N3 R 1
    N4 R 1
    DMG R 1
    REF S 2
    PER S 1
{_indented(_CLAIM, 2)}
SE R 1
"""

_ELIGIBILITY_SUBJECT = """
   TRN S 9
   {name} R 1
    NM1/1={code} R 1
    REF S 9
    N3 S 1
    N4 S 1
    PRV S 1
    DMG S 1
    INS S 1
    HI S 1
    DTP/1=291|102 S 2
    EQLOOP {usage} 99
     EQ R 1
     AMT S 2
     III S 1
     REF S 1
     DTP S 1"""

ELIGIBILITY_INQUIRY = f"""
ST R 1
BHT R 1
2000A R 1
 HL/3=20 R 1
 2100A R 1
  NM1/1=2B|36|GP|P5|PR R 1
 2000B R 99999
  HL/3=21 R 1
  2100B R 1
   NM1/1=1P|2B|36|80|FA|GP|P5|PR R 1
   REF S 9
   N3 S 1
   N4 S 1
   PRV S 1
  2000C R 99999
   HL/3=22 R 1{_ELIGIBILITY_SUBJECT.format(name="2100C", code="IL", usage="S")}
   2000D S 99999
    HL/3=23 R 1
{_indented(_ELIGIBILITY_SUBJECT.format(name="2100D", code="03", usage="R"), 1)}
SE R 1
"""

_STATUS_SUBJECT = """
    {name} R 1
     NM1/1={code} R 1
    {trace} S 99
     TRN R 1
     REF/1=1K|BLT|LU|EJ|XZ|D9 S 6
     AMT S 1
     DTP/1=472 S 1
     {line} S 99
      SVC R 1
      REF S 1
      DTP R 1"""

STATUS_REQUEST = f"""
ST R 1
BHT R 1
2000A R 99999
 HL/3=20 R 1
 2100A R 1
  NM1/1=PR R 1
 2000B R 99999
  HL/3=21 R 1
  2100B R 1
   NM1/1=41 R 1
  2000C R 99999
   HL/3=19 R 1
   2100C R 2
    NM1/1=1P R 1
   2000D R 99999
    HL/3=22 R 1
    DMG S 1{_STATUS_SUBJECT.format(name="2100D", code="IL", trace="2200D", line="2210D")}
    2000E S 99999
     HL/3=23 R 1
     DMG R 1
{_indented(_STATUS_SUBJECT.format(name="2100E", code="QC", trace="2200E", line="2210E"), 1)}
SE R 1
"""


@dataclass
class Node:
    """A loop or a segment of a grammar. Children of a loop come by `position`; equal positions in any order."""

    name: str
    required: bool
    maximum: int
    segment: str = ""  # identifier, empty for a loop
    element: tuple[int, int] = (0, 0)
    codes: frozenset[str] = frozenset()
    position: int = 0
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def first(self) -> Node:
        """The segment that opens a loop (or the node itself when it is a segment)."""
        return self if self.segment else self.children[0].first


def compile_grammar(text: str, name: str) -> Node:
    """The tree of a grammar text."""
    root = Node(name, True, 1)
    stack: list[tuple[int, Node]] = [(-1, root)]
    for line in text.splitlines():
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        what, usage, maximum = line.split()
        while stack[-1][0] >= indent:
            stack.pop()
        parent = stack[-1][1]
        node = Node(what.partition("/")[0], usage == "R", int(maximum), parent=parent)
        if not (what[0].isdigit() and len(what.partition("/")[0]) >= 4) and what != "EQLOOP":
            node.segment = node.name
            _qualify(node, what.partition("/")[2])
        parent.children.append(node)
        stack.append((indent, node))
    _number(root)
    return root


def _qualify(node: Node, qualifier: str) -> None:
    if qualifier:
        place, _, codes = qualifier.partition("=")
        element, _, component = place.partition(".")
        node.element = (int(element), int(component or 0))
        node.codes = frozenset(codes.split("|"))


def _number(loop: Node) -> None:
    position, before = 0, ""
    for child in loop.children:
        if not child.segment:
            _number(child)
        opening = child.first.segment
        if opening != before or (child.segment and child.required and child.maximum == 1 and not child.codes):
            position += 1
        child.position, before = position, opening


GRAMMARS = {
    "837": ("HC", "005010X222A1", compile_grammar(PROFESSIONAL_CLAIM, "837")),
    "270": ("HS", "005010X279A1", compile_grammar(ELIGIBILITY_INQUIRY, "270")),
    "276": ("HR", "005010X212", compile_grammar(STATUS_REQUEST, "276")),
}
