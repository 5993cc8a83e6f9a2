"""From stream records to bus events, with every way in which PutEvents can fail."""
