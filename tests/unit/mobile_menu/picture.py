"""A small picture that is allowed."""

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 180">
<style>
.a { fill: #123456; stroke-width: 2 }
@media (prefers-color-scheme: dark) { .a { fill: #fff } }
</style>
<path class="a" transform="translate(4 4)" d="M0 0h9"/>
</svg>
"""
