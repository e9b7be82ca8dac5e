# One place for compiler flags; each line says why. `rectify_flags` is linked by every target of ours
# and by no generated code.
add_library(rectify_flags INTERFACE)
target_compile_features(rectify_flags INTERFACE c_std_11)
target_compile_definitions(rectify_flags INTERFACE
    _GNU_SOURCE                    # accept4, pipe2, explicit_bzero: Linux is the platform
    $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>) # bounds checks in libc; needs optimisation
target_compile_options(rectify_flags INTERFACE
    -Wall -Wextra -Werror          # a warning is a bug
    -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla
    -Wno-missing-field-initializers # {.field = x} zeroes the rest on purpose
    -fno-common                    # a global defined twice fails to link
    -fstack-protector-strong       # a smashed stack stops the program
    -fno-strict-aliasing)          # protobuf-c casts between message types
target_link_options(rectify_flags INTERFACE
    -Wl,-z,relro -Wl,-z,now        # no writable function table after start
    -Wl,--as-needed)

set(RECTIFY_SANITIZE "" CACHE STRING "address,undefined or thread; empty for none")
if(RECTIFY_SANITIZE)
    add_compile_options(-fsanitize=${RECTIFY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${RECTIFY_SANITIZE})
endif()
