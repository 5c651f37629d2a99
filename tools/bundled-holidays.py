#!/usr/bin/env python3
"""Writes crates/domain/holidays/holidays.txt: public holidays by country and subdivision.

    pip install holidays==0.109
    tools/bundled-holidays.py 2024 2028 > crates/domain/holidays/holidays.txt

The facts are those of the PyPI package `holidays` (MIT). For years to come: a newer version of the package, other
years, and read the difference before it is committed: a changed day is a new version of every policy that counts in a
calendar with that set. (This file is not called holidays.py, for then it would import itself.)
"""

import sys
from importlib.metadata import version

import holidays

COUNTRIES = "AE AU BR CH DE ES FR GB IN JP KE MX PL SE US".split()


def days(country, years, **of):
    """The days and their names, in English where the package has it."""
    if "en_US" in getattr(holidays, country).supported_languages:
        of["language"] = "en_US"
    return dict(holidays.country_holidays(country, years=years, **of))


def lines(name, added, left_out):
    yield f"[{name}]"
    for day in sorted(added):
        yield f"{day} {added[day]}"
    for day in sorted(left_out):
        yield f"-{day} {left_out[day]}"


def main():
    first, last = int(sys.argv[1]), int(sys.argv[2])
    years = range(first, last + 1)
    source = f"PyPI holidays {version('holidays')} (MIT), by tools/bundled-holidays.py"
    print(f"# Public holidays {first} to {last}. Source: {source}.")
    print("# A subdivision adds to its country; -day is one of the country that it does not keep.")
    for country in COUNTRIES:
        national = days(country, years)
        print(*lines(country, national, {}), sep="\n")
        for subdivision in sorted(getattr(holidays, country).subdivisions):
            if " " in subdivision:
                continue
            own = days(country, years, subdiv=subdivision)
            added = {day: name for day, name in own.items() if day not in national}
            left_out = {day: name for day, name in national.items() if day not in own}
            print(*lines(f"{country}-{subdivision}", added, left_out), sep="\n")


if __name__ == "__main__":
    main()
