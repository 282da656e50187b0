"""The words that a good-faith estimate must carry (45 CFR 149.610(c)(1)(iv)–(ix)), written plainly."""

DISCLAIMERS = (
    "This good faith estimate shows the costs of items and services that are reasonably expected for your health care needs. It is based "
    "on information known when it was made. It is not a contract, and you do not have to get the services from us.",
    "There may be other items or services that we recommend as part of your care which must be scheduled or requested separately and are "
    "not in this estimate.",
    "It does not include unknown or unexpected costs that may come up during treatment. The actual items, services or charges may differ.",
    "If you are billed at least $400 more than this estimate, you have the right to dispute the bill. You may ask us to change the bill to "
    "match the estimate, to negotiate it, or whether financial help is available.",
    "You may also start a dispute with the U.S. Department of Health and Human Services within 120 days (about four months) of the date "
    "on the first bill. There is a fee to use the process. If the reviewer agrees with you, you pay the price on this estimate; if "
    "not, you pay the higher amount. Starting a dispute will not harm the quality of the care you receive.",
    "To learn more or to start the process, go to www.cms.gov/nosurprises or call 1-800-985-3059. Keep a copy of this estimate: you may "
    "need it if you are billed a higher amount.",
)
