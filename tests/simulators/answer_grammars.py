"""The structure of the answers 271 (005010X279A1) and 277 (005010X212), for which pyx12 has no usable map."""

from __future__ import annotations

from infra.simulators.clearinghouse.grammar import compile_grammar

_BENEFITS = """
{pad}{name} R 1
{pad} NM1/1={code} R 1
{pad} REF S 9
{pad} N3 S 1
{pad} N4 S 1
{pad} AAA S 9
{pad} PRV S 1
{pad} DMG S 1
{pad} INS S 1
{pad} HI S 1
{pad} DTP S 9
{pad} MPI S 1
{pad} {inner} S 999
{pad}  EB R 1
{pad}  HSD S 9
{pad}  REF S 9
{pad}  DTP S 20
{pad}  AAA S 9
{pad}  MSG S 10
{pad}  LS S 1
{pad}  {related} S 23
{pad}   NM1 R 1
{pad}   N3 S 1
{pad}   N4 S 1
{pad}   PER S 3
{pad}   PRV S 1
{pad}  LE S 1"""

ELIGIBILITY_ANSWER = compile_grammar(
    f"""
ST R 1
BHT R 1
2000A R 1
 HL/3=20 R 1
 AAA S 9
 2100A R 1
  NM1/1=2B|36|GP|P5|PR R 1
  PER S 3
  AAA S 9
 2000B S 999
  HL/3=21 R 1
  2100B R 1
   NM1/1=1P|2B|36|80|FA|GP|P5|PR R 1
   REF S 9
   AAA S 9
   PRV S 1
  2000C S 999
   HL/3=22 R 1
   TRN S 3{_BENEFITS.format(pad="   ", name="2100C", code="IL", inner="2110C", related="2120C")}
   2000D S 999
    HL/3=23 R 1
    TRN S 3{_BENEFITS.format(pad="    ", name="2100D", code="03", inner="2110D", related="2120D")}
SE R 1
""",
    "271",
)

_STATUS = """
{pad}{name} R 1
{pad} NM1/1={code} R 1
{pad}{claim} S 99
{pad} TRN R 1
{pad} STC R 99
{pad} REF/1=1K|BLT|EJ|XZ|VV|D9 S 6
{pad} DTP/1=472 S 1
{pad} {line} S 99
{pad}  SVC R 1
{pad}  STC R 99
{pad}  REF/1=FJ S 1
{pad}  DTP/1=472 S 1"""

STATUS_ANSWER = compile_grammar(
    f"""
ST R 1
BHT R 1
2000A R 999
 HL/3=20 R 1
 2100A R 1
  NM1/1=PR R 1
  PER S 1
 2000B R 999
  HL/3=21 R 1
  2100B R 1
   NM1/1=41 R 1
  2200B S 1
   TRN R 1
   STC R 99
  2000C S 999
   HL/3=19 R 1
   2100C R 2
    NM1/1=1P R 1
   2200C S 1
    TRN R 1
    STC R 99
   2000D S 999
    HL/3=22 R 1{_STATUS.format(pad="    ", name="2100D", code="IL", claim="2200D", line="2220D")}
    2000E S 999
     HL/3=23 R 1{_STATUS.format(pad="     ", name="2100E", code="QC", claim="2200E", line="2220E")}
SE R 1
""",
    "277",
)
