"""A clearinghouse with payers that adjudicate: X12 in over HTTP or drop folders, X12 back when the payers are done."""
