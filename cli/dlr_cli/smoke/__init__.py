"""The smoke test of a deployed stack: `dlr smoke`.

It needs boto3 and the layer's package `dlr`, so nothing but `dlr smoke` imports it.
"""
