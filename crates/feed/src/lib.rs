//! Each event, published to the world as one CloudEvent, in order, once.
