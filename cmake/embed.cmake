# Writes an assembler file that holds the bytes of IN as SYMBOL, SYMBOL_end.
file(WRITE ${OUT} "    .section .rodata
    .global ${SYMBOL}
    .global ${SYMBOL}_end
    .balign 16
${SYMBOL}:
    .incbin \"${IN}\"
${SYMBOL}_end:
    .byte 0
    .section .note.GNU-stack,\"\",@progbits
")
