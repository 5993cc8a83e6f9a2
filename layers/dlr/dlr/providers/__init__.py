"""One module a provider; `dlr.provider.load_provider` imports the one that is asked for."""
