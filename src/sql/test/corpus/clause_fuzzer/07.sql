TO /* c */ TRAIN größe -- x
 LABEL y INTO z