"""What a file of recordings says: tables, comparisons and pictures, without MPI or a simulator."""
