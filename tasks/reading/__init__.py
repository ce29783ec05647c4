"""Reading: the one reader of tables that training and scoring share.

The rules of a text file (CSV, TSV, …), which both keep to:

- A cell is the text between two separators. Blanks behind separators are none of it if the header
  or the first row has one behind each.
- An empty cell is a missing value, and so is what the catalog's `missing` says. In a column of
  numbers the usual spellings (NA, NaN, null, …) are missing too; in one of texts they are texts.
- A blank line is a row with a missing value in a file of one column, and nothing in any other.
- Each row has as many fields as the header. Separators at the ends of all lines are passed over.
- Quotes enclose whole fields, and double those within. A quote that is left open is refused.
- A name stands in the header once.
"""
