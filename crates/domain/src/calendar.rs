//! Working time of one place: weekly hours, closed days, a time zone.
