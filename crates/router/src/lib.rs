//! Each contact finds its complaint, its category and its team.
