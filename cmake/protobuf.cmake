# rectify_schema: the generated C of proto/rectify/v1/*.proto, and the descriptor set with its prose
# embedded as bytes (`describe` reads it). Generated code is compiled without our warning set.
find_program(PROTOC_C protoc-c REQUIRED)
find_program(PROTOC protoc REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)

file(GLOB RECTIFY_PROTOS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/rectify/v1/*.proto)
set(GEN ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${GEN})
set(RECTIFY_GENERATED)
foreach(file ${RECTIFY_PROTOS})
    get_filename_component(name ${file} NAME_WE)
    set(out ${GEN}/rectify/v1/${name}.pb-c.c)
    add_custom_command(OUTPUT ${out} ${GEN}/rectify/v1/${name}.pb-c.h
        COMMAND ${PROTOC_C} --c_out=${GEN} -I ${CMAKE_SOURCE_DIR}/proto ${file}
        DEPENDS ${RECTIFY_PROTOS} VERBATIM)
    list(APPEND RECTIFY_GENERATED ${out})
endforeach()
add_custom_command(OUTPUT ${GEN}/rectify.desc
    COMMAND ${PROTOC} --include_source_info --include_imports -I ${CMAKE_SOURCE_DIR}/proto
            --descriptor_set_out=${GEN}/rectify.desc ${RECTIFY_PROTOS}
    DEPENDS ${RECTIFY_PROTOS} VERBATIM)
add_custom_command(OUTPUT ${GEN}/descriptor_set.S
    COMMAND ${CMAKE_COMMAND} -DOUT=${GEN}/descriptor_set.S -DIN=${GEN}/rectify.desc
            -DSYMBOL=rectify_descriptor_set -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${GEN}/rectify.desc ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
add_library(rectify_schema STATIC ${RECTIFY_GENERATED} ${GEN}/descriptor_set.S)
set_source_files_properties(${GEN}/descriptor_set.S PROPERTIES OBJECT_DEPENDS ${GEN}/rectify.desc)
target_include_directories(rectify_schema SYSTEM PUBLIC ${GEN})
target_link_libraries(rectify_schema PUBLIC PkgConfig::PROTOBUF_C)
