note_act(3)
return 1
