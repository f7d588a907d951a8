package learn

// exposedRank is a number of training rows only: the rank at which the item was exposed. What is
// shown first is clicked more for that alone, and without the field the model would learn the
// order of the slates it was trained on.
const exposedRank = "exposed.rank"
