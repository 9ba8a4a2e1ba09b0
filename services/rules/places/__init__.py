"""Countries and regions: their names, what people call them, and which countries a region means."""

from services.rules.places.data_files import Region, load_regions
from services.rules.places.names import (
    PlaceOption,
    country_codes,
    country_name,
    expand,
    is_country,
    place_name,
    place_options,
)
from services.rules.places.reading import PlacesRead, find_places, read_places

__all__ = [
    "PlaceOption",
    "PlacesRead",
    "Region",
    "country_codes",
    "country_name",
    "expand",
    "find_places",
    "is_country",
    "load_regions",
    "place_name",
    "place_options",
    "read_places",
]
