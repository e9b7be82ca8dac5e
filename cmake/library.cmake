# rectify_library(NAME DEPS…): the static library of the current directory, from every .c in it.
# One library a directory, so a lower layer that reaches up does not link.
function(rectify_library name)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    list(FILTER sources EXCLUDE REGEX "main\\.c$")
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE rectify_flags PUBLIC ${ARGN})
endfunction()
