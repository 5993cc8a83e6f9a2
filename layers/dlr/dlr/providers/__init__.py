"""One module a provider; `dlr.providers.base.load_provider` imports the one that is asked for."""
