#!/usr/bin/python3
"""Reads reports as people's programs do: Python's csv, openpyxl, LibreOffice.

Takes a folder with plain.csv, excel.csv, people.xlsx, people.ndjson and expected.json (rows of name, surname and
address), prints every difference, and fails if there is one.
"""
import csv
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
from openpyxl.utils.escape import unescape

folder = Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text())
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
guarded = [["'" + cell if cell.startswith(RUNS) else cell for cell in row] for row in expected]
differences = 0


def compare(what, found, wanted):
    global differences
    if len(found) != len(wanted):
        differences += 1
        print(f"{what}: {len(found)} rows instead of {len(wanted)}")
    for row, (are, should) in enumerate(zip(found, wanted), 1):
        if are != should:
            differences += 1
            print(f"{what}, row {row}: {are!r} instead of {should!r}")


def rows_of_csv(name, encoding="utf-8"):
    with open(folder / name, newline="", encoding=encoding) as file:
        return list(csv.reader(file))[1:]


def rows_of_workbook(name, read=str):
    sheet = openpyxl.load_workbook(folder / name).worksheets[0]
    formulas = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    compare(f"formulas in {name}", formulas, [])
    text = lambda cell: "" if cell is None else read(str(cell))
    return [[text(cell) for cell in row] for row in sheet.iter_rows(min_row=2, values_only=True)]


def convert(name, to, read_as=()):
    """LibreOffice, with a home of its own."""
    home = f"-env:UserInstallation=file://{folder}/home"
    subprocess.run(
        ["soffice", home, "--headless", *read_as, "--convert-to", to, "--outdir", folder / "converted", folder / name],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
    )


compare("Python's csv, plain", rows_of_csv("plain.csv"), expected)
compare("Python's csv, excel", rows_of_csv("excel.csv", "utf-8-sig"), guarded)
with open(folder / "people.ndjson", encoding="utf-8") as file:
    rows = [list(json.loads(line).values()) for line in file.read().split("\n")[:-1]]
compare("Python's json", rows, expected)
# openpyxl leaves what XML cannot hold as it is written: a carriage return as _x000D_ (ECMA-376, 22.9.2.19).
compare("openpyxl", rows_of_workbook("people.xlsx", unescape), expected)

def of_one_kind(rows):
    """LibreOffice has one kind of line end within a cell."""
    return [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows]


# Comma, double quote, UTF-8, from the first line; every cell as text is written.
convert("people.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false")
compare("LibreOffice, workbook", of_one_kind(rows_of_csv("converted/people.csv")), of_one_kind(expected))
# The same, read with each column as text: what a spreadsheet takes for a number is its own affair.
convert("excel.csv", "xlsx:Calc MS Excel 2007 XML", ["--infilter=Text - txt - csv (StarCalc):44,34,76,1,1/2/2/2/3/2"])
compare("LibreOffice, CSV for spreadsheets", of_one_kind(rows_of_workbook("converted/excel.xlsx")), of_one_kind(guarded))
sys.exit(differences > 0)
