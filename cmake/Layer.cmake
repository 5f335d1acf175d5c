# A layer is a folder of lib/ with one static library and one namespace.
#
# Its headers are included as "<layer>/<noun>.hpp", and that path resolves only for targets that link the layer: the
# include root is a directory of the build tree that holds nothing but a link to this one folder. So the link lines
# below say who may use whom, and a forbidden include does not compile.
function(livepatch_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROOT" "SOURCES;USES;LIBRARIES;PRIVATE_LIBRARIES")
    set(root "${PROJECT_BINARY_DIR}/layers/${name}")
    file(MAKE_DIRECTORY "${root}")
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${root}/${name}" SYMBOLIC)

    add_library(livepatch_${name} STATIC ${arg_SOURCES})
    target_include_directories(livepatch_${name} PUBLIC "${root}")
    list(TRANSFORM arg_USES PREPEND livepatch_)
    target_link_libraries(livepatch_${name}
        PUBLIC livepatch_settings ${arg_USES} ${arg_LIBRARIES}
        PRIVATE ${arg_PRIVATE_LIBRARIES})
endfunction()
