"""What beats and waves together say: standstill, extremes, ventricular rhythms."""
