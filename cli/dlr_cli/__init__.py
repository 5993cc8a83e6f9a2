"""The operator's command `dlr`: it asks the API of a deployed system, and its AWS account."""

__version__ = "0.1.0"
