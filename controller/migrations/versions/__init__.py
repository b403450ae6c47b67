"""One module a version of the tables; what has been released is never changed."""
