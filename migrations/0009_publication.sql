-- Outcomes, published notices, exports.

SELECT 1;
