"""Files of rows as people have them; how they are read is the same in every service."""

from chassis.csv_files import BadRow, columns_of, error_file, rows_of

__all__ = ["BadRow", "columns_of", "error_file", "rows_of"]
