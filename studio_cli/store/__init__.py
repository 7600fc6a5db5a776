"""What is kept: all the SQL there is, one file per noun."""
