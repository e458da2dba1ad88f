"""Journeys: what a sign-in has to prove, step by step, by whatever authenticators there are."""
