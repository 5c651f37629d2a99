//! Complaints that arrive by web: the public form and the API.
