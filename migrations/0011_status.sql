-- Totals and their history.

SELECT 1;
