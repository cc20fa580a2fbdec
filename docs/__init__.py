"""The texts of the site, what builds it, and the map of the lessons."""
