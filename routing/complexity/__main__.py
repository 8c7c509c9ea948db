from .lines import main

main()
