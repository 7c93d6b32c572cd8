SELECT 1 TO TRIAN x; ((SELECT 1)) to -- c
 run y