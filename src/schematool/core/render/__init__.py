"""Steps to the files that hold them, and files to the units that are applied; a twin for each store."""
