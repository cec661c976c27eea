"""The code of the Lambda functions. The templates carry it inline; `python -m infra.inline` writes it there."""
