"""The people and cars of Maple Court. All invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CarModel:
    make: str
    model: str
    battery_wh: int
    phases: int
    max_current_ma: int


CARS = (
    CarModel("Renault", "Zoe", 52_000, 3, 32_000),
    CarModel("Tesla", "Model 3", 60_000, 3, 16_000),
    CarModel("Volkswagen", "ID.3", 58_000, 3, 16_000),
    CarModel("Nissan", "Leaf", 40_000, 1, 29_000),
    CarModel("Hyundai", "Kona", 64_000, 3, 16_000),
    CarModel("Kia", "Niro EV", 64_000, 3, 16_000),
    CarModel("Fiat", "500e", 42_000, 3, 16_000),
    CarModel("Mitsubishi", "Outlander PHEV", 20_000, 1, 16_000),
    CarModel("BMW", "i3", 42_000, 3, 16_000),
    CarModel("Polestar", "2", 75_000, 3, 16_000),
    CarModel("Dacia", "Spring", 27_000, 1, 29_000),
    CarModel("Peugeot", "e-208", 50_000, 1, 32_000),
)

NAMES = (
    "Amara Okafor",
    "Jonas Weber",
    "Lina Hofmann",
    "Mateo Rossi",
    "Ingrid Dahl",
    "Yusuf Demir",
    "Clara Neumann",
    "Piotr Nowak",
    "Sofia Marino",
    "Emil Sørensen",
    "Hanna Koch",
    "Rajiv Menon",
    "Marie Lefèvre",
    "Tomás Silva",
    "Greta Lang",
    "Noah Becker",
    "Aylin Kaya",
    "Henrik Vogel",
    "Elena Popescu",
    "Samuel Mensah",
    "Ida Lindqvist",
    "Oskar Brandt",
    "Nadia Haddad",
    "Felix Schäfer",
    "Mei Tanaka",
    "Luca Moretti",
    "Karin Busch",
    "David Cohen",
    "Zoé Martin",
    "Anton Fuchs",
    "Leila Rahimi",
    "Björn Eklund",
    "Paula Ortega",
    "Viktor Horváth",
)
