from benchmarks.sabotages import books, house, power

SABOTAGES = (*power.SABOTAGES, *books.SABOTAGES, *house.SABOTAGES)
