"""The lists the people are drawn from."""

# ruff: noqa: SIM905 - lists of names are easier to read, and to add to, as text
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """A city with streets, postal codes and area codes that belong together."""

    key: str
    city: str
    state: str
    time_zone: str
    postal_codes: tuple[str, ...]
    area_codes: tuple[str, ...]
    streets: tuple[str, ...]
    houses: tuple[int, int]
    flats: float  # share of households in a flat


CITIES = (
    City(
        "new-york", "New York", "NY", "America/New_York",
        ("10001", "10003", "10009", "10011", "10014", "10023", "10025", "10027", "10029", "10031", "10040"),
        ("212", "646", "917", "332"),
        ("West 23rd Street", "East 10th Street", "Amsterdam Avenue", "Lexington Avenue", "West 72nd Street",
         "Broadway", "East 116th Street", "Riverside Drive", "Convent Avenue", "Sherman Avenue"),
        (12, 980), 0.95,
    ),
    City(
        "denver", "Denver", "CO", "America/Denver",
        ("80202", "80203", "80204", "80205", "80206", "80207", "80209", "80210", "80211", "80219", "80220"),
        ("303", "720", "983"),
        ("Race Street", "Lipan Street", "Tejon Street", "Federal Boulevard", "Josephine Street", "South Pearl Street",
         "Quebec Street", "West 38th Avenue", "Elati Street", "Newport Street"),
        (100, 4800), 0.35,
    ),
    City(
        "phoenix", "Phoenix", "AZ", "America/Phoenix",
        ("85003", "85004", "85006", "85008", "85013", "85014", "85015", "85016", "85018", "85021", "85031"),
        ("602", "480", "623"),
        ("West McDowell Road", "North 7th Street", "East Thomas Road", "North 35th Avenue", "East Osborn Road",
         "West Encanto Boulevard", "North Central Avenue", "East Roosevelt Street", "West Glendale Avenue"),
        (200, 8900), 0.25,
    ),
)  # fmt: skip

FAMILIES = tuple(
    "Abbott Adler Alvarado Andersson Barrett Becker Bishop Bowman Brennan Brooks Byrne Caldwell Carver Chandler Chen Choi "
    "Connolly Cooper Dalton Dawson Delgado Desai Dixon Doyle Edwards Ellison Farrell Fischer Fletcher Foster Gallagher "
    "Gibson Goldberg Grant Greene Gupta Haddad Hansen Harper Hayes Hoffman Holloway Hughes Ingram Ito Jensen Kaplan Kelly "
    "Kim Klein Kowalski Lambert Larsen Lawson Lindgren Lowe Maddox Malone Marsh McBride McCarthy Mercer Meyer Monroe "
    "Murphy Nakamura Novak O'Brien O'Connor Olsen Osborne Owens Park Parsons Patel Pierce Porter Quinn Ramsey Reed Reyes "
    "Rhodes Romano Rosen Rowe Russo Sandoval Sawyer Schneider Shah Shaw Sinclair Singh Smith Sokolov Stein Sutton Tanaka "
    "Thornton Tran Turner Vance Vaughn Wallace Weber Weiss Whitaker Wong Wyatt Yamada Yates Zhang Zimmerman".split()
)
HISPANIC_FAMILIES = tuple(
    "Aguilar Álvarez Benítez Cabrera Calderón Castillo Cordero Cruz Díaz Domínguez Escobar Espinoza Estrada Figueroa "
    "Fuentes Garza Guerrero Gutiérrez Herrera Ibarra Juárez Lozano Luna Maldonado Medina Méndez Molina Montoya Morales "
    "Navarro Núñez Ochoa Ortega Pacheco Padilla Peña Ponce Quintero Ramos Ríos Robles Rosario Salazar Serrano Solís "
    "Soto Trujillo Valdez Vargas Vega Velasco Zamora Zúñiga".split()
)

WOMEN = {
    1940: "Barbara Betty Carol Dorothy Frances Joan Judith Lois Margaret Marilyn Nancy Patricia Ruth Shirley Virginia".split(),
    1965: "Angela Barbara Christine Deborah Donna Karen Kimberly Laura Linda Lisa Mary Pamela Sandra Susan Teresa".split(),
    1985: "Amanda Amy Ashley Christina Emily Heather Jennifer Jessica Katherine Lauren Megan Melissa Nicole Rachel Sarah".split(),
    2005: "Abigail Alexis Alyssa Brianna Chloe Elizabeth Emma Grace Hannah Kayla Madison Natalie Olivia Samantha Taylor".split(),
    2018: "Amelia Aria Ava Charlotte Ella Evelyn Harper Isla Layla Luna Mia Nora Penelope Scarlett Zoe".split(),
}
MEN = {
    1940: "Arthur Charles Donald Frank George Harold Henry Jack James Joseph Ralph Raymond Robert Walter William".split(),
    1965: "Brian Daniel David Gary Jeffrey Kenneth Kevin Mark Michael Paul Richard Scott Steven Thomas Timothy".split(),
    1985: "Adam Andrew Brandon Christopher Daniel Eric Jason Jonathan Joshua Justin Matthew Nicholas Ryan Sean Tyler".split(),
    2005: "Aidan Alexander Benjamin Caleb Dylan Ethan Evan Gabriel Isaac Jacob Logan Nathan Noah Owen Samuel".split(),
    2018: "Asher Carter Elijah Ezra Grayson Hudson Jackson Leo Levi Liam Lucas Mason Oliver Theodore Wyatt".split(),
}
HISPANIC_WOMEN = {
    1940: "Carmen Consuelo Dolores Esperanza Guadalupe Josefina Rosa Teresa".split(),
    1965: "Ana Beatriz Elena Graciela Leticia Marisol Patricia Silvia Yolanda".split(),
    1985: "Adriana Alejandra Carolina Claudia Diana Gabriela Mariana Verónica".split(),
    2005: "Alondra Camila Daniela Fernanda Jimena Paola Sofía Valeria".split(),
    2018: "Antonella Emilia Isabella Luciana Martina Renata Valentina Ximena".split(),
}
HISPANIC_MEN = {
    1940: "Alfonso Arturo Enrique Ernesto Gilberto Manuel Pedro Ramón".split(),
    1965: "Alberto Carlos Eduardo Guillermo Javier Jorge Luis Roberto".split(),
    1985: "Alejandro Andrés Diego Fernando Gustavo Héctor Miguel Ricardo".split(),
    2005: "Adrián Cristian Emilio Iván Jesús Joaquín Omar Sergio".split(),
    2018: "Ángel Gael Iker Leonardo Mateo Santiago Sebastián Thiago".split(),
}
MIDDLES = tuple("Anne James Lee Lynn Marie Michael Ray Rose Thomas Jean Paul Grace".split())

# Code of the payer → the name on the card. Codes and names are those of the demo's payers.
PAYERS = {
    "MEDB1": "Medicare Part B",
    "MCD01": "State Medicaid",
    "COMM1": "Blue Ridge Health Plan",
    "COMM2": "Cascade Mutual",
}
PLANS = {
    "COMM1": ("Blue Ridge PPO 1500", "Blue Ridge HMO Select", "Blue Ridge Choice Plus"),
    "COMM2": ("Cascade Open Access", "Cascade Saver HSA"),
}
EMPLOYERS = tuple(
    "Alder Freight|Beacon Schools|Canyon Foods|Delta Works|Evergreen Hotels|Foundry Credit Union".split("|")
)
