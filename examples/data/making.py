"""Small data for the programs beside this file: two tables of patients and a folder of pictures.

Everything is made by chance with a fixed seed, so that the programs print the same every time.
"""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

FIRST_DAY = date(2020, 1, 1)
SIDE = 8  # pixels of a picture


def patients(path, count, seed):
    """Write a table; who has much glucose and many years is diabetic more often."""
    chance = random.Random(seed)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "seen", "glucose", "pressure", "bmi", "age", "diabetic"])
        for number in range(count):
            glucose, age = chance.gauss(108, 30), chance.randint(21, 77)
            risk = (glucose - 108) / 30 + (age - 49) / 20 + chance.gauss(0, 0.5)
            writer.writerow(
                [
                    seed * 100_000 + number,
                    FIRST_DAY + timedelta(days=number % 365),
                    round(glucose),
                    round(chance.gauss(71, 16)),
                    "" if number % 50 == 49 else round(chance.gauss(31, 9), 1),
                    age,
                    int(risk > 0.5),
                ]
            )


def pictures(folder, count, seed=0):
    """Write pictures in folders by what they show: bars that lie, and bars that stand."""
    chance = random.Random(seed)
    for number in range(count):
        kind = ("lying", "standing")[number % 2]
        bar = chance.randrange(SIDE)
        pixels = [
            chance.randrange(200, 256) if bar == (row, column)[number % 2] else 0
            for row in range(SIDE)
            for column in range(SIDE)
        ]
        path = Path(folder, kind, f"{number:03d}.pgm")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"P5 {SIDE} {SIDE} 255\n".encode() + bytes(pixels))


def everything(folder="made"):
    """Write all that the programs use."""
    patients(Path(folder, "patients", "2020.csv"), 600, seed=1)
    patients(Path(folder, "patients", "2021.csv"), 400, seed=2)
    pictures(Path(folder, "pictures"), 60)
