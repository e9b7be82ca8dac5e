-- Accounts, seats, administrators, substitutes.

SELECT 1;
