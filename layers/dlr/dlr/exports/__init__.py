"""Exports and backtests: jobs that put files into a bucket, part by part."""
