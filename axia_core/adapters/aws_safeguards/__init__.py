"""How AWS protects a region, read through each service's own API: `region` calls, `parsing` makes values of it."""
