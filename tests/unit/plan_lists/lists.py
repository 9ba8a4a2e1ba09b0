"""Plan lists for the tests: a generated one of the shape of a real scraped list, and workbooks."""

import csv
import io
import random

import openpyxl

COLUMNS = (
    "plan_id,provider_id,provider_name,plan_name,data_mb,validity_days,data_cap_per,usd_price,usd_promo_price,scope,"
    "raw_coverages,new_user_only,can_top_up,tethering,countries"
).split(",")
COUNTRIES = ("slovakia", "czechia", "germany", "austria")


def generated_list(rows: int, seed: int = 7) -> bytes:
    """A list of ``rows`` invented plans with everything odd that a real one showed."""
    dice = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for index in range(rows):
        cap = dice.choices(["", "day", "month"], [70, 28, 2])[0]
        data = 0 if cap == "" and dice.random() < 0.05 else dice.choice([100, 500, 525, 1000, 3000, 50000])
        price = round(dice.uniform(0, 60), 2)
        promo = dice.choice(["", str(price * 0.8), "0.0"])
        inside = dice.sample(COUNTRIES, dice.randint(1, 4))
        name = dice.choice(["", "Europe &amp; UK", "FREE 🎉 eSIM", '5G "Max", <b>now</b>', "=1+1"])
        days = dice.choice([0, 1, 7, 30, 30, 365, 730])
        answers = [dice.choice(["True", "False"]), dice.choice(["True", "False", ""]), dice.choice(["True", "False", ""])]
        coverage = "[" + ", ".join(f'"{country}"' for country in inside) + "]"
        ids = (f"{index:024x}", f"{index % 9:024x}", f"Seller {index % 9}")
        writer.writerow([*ids, name, data, days, cap, price, promo, "local", "[]", *answers, coverage])
    return text.getvalue().encode()


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    """An XLSX file of named sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()
