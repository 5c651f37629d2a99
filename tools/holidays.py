#!/usr/bin/env python3
"""Writes crates/domain/holidays/holidays.txt: public holidays by country and subdivision.

    pip install holidays==0.109
    tools/holidays.py 2024 2028 > crates/domain/holidays/holidays.txt

The facts are those of the PyPI package `holidays` (MIT). For years to come: a newer version of the package, other
years, and read the difference before it is committed: a changed day is a new version of every policy that counts in a
calendar with that set.
"""

import sys

import holidays

COUNTRIES = "AE AU BR CH DE ES FR GB IN JP KE MX PL SE US".split()


def lines(name, days):
    yield f"[{name}]"
    for day in sorted(days):
        yield f"{day} {days[day]}"


def main():
    first, last = int(sys.argv[1]), int(sys.argv[2])
    years = range(first, last + 1)
    print(f"# Public holidays {first} to {last}. Source: PyPI holidays {holidays.__version__} (MIT), by tools/holidays.py.")
    print("# A subdivision adds to its country.")
    for country in COUNTRIES:
        national = dict(holidays.country_holidays(country, years=years))
        print(*lines(country, national), sep="\n")
        for subdivision in sorted(getattr(holidays, country).subdivisions):
            own = dict(holidays.country_holidays(country, subdiv=subdivision, years=years))
            own = {day: name for day, name in own.items() if day not in national}
            if own and " " not in subdivision:
                print(*lines(f"{country}-{subdivision}", own), sep="\n")


if __name__ == "__main__":
    main()
